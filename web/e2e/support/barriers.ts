// What keeps somebody from using a page who does not see well, or uses no mouse: labels, contrast, order.

import axe from 'axe-core'
import type { Page } from 'playwright-core'

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']

/** Each barrier on the page as it stands: which rule, and where. What lies behind a dialog is out of reach anyway. */
export async function barriersOn(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(async (tags) => {
    const dialog = [...document.querySelectorAll('[role=dialog]')].findLast((one) => one.checkVisibility())
    // Element Plus draws it below its own white frame; in a dialog it is then measured against what lies behind that.
    const context = { include: dialog ?? document.documentElement, exclude: '.el-dialog .el-select__placeholder' }
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(context, { runOnly: tags, resultTypes: ['violations'] })
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
      `${id} at ${target.join(' ')}: ${failureSummary?.split('\n')[1]?.trim() ?? ''}`))
  }, RULES)
}
