import stylistic from '@stylistic/eslint-plugin'
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import typescript from 'typescript-eslint'

export default typescript.config(
  { ignores: ['dist', 'src/api/schema.d.ts', 'src/components.d.ts'] },
  ...typescript.configs.strict,
  ...vue.configs['flat/recommended'],
  stylistic.configs.customize({ braceStyle: '1tbs', arrowParens: true, quoteProps: 'as-needed', jsx: false }),
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      'no-console': 'error',
      '@stylistic/max-statements-per-line': ['error', { max: 3 }],
      eqeqeq: 'error',
      '@stylistic/max-len': ['error', { code: 160, ignoreStrings: true, ignoreTemplateLiterals: true }],
      // Nothing that a person typed is ever HTML.
      'vue/no-v-html': 'error',
      'vue/no-v-text-v-html-on-component': 'error',
      'no-restricted-properties': ['error', ...['innerHTML', 'outerHTML', 'insertAdjacentHTML'].map((property) => ({
        property, message: 'Nothing that a person typed is ever HTML.',
      })), { object: 'vi', property: 'waitFor', message: '`soon` of testing/soon waits as long as a busy machine needs.' }],
      'no-restricted-globals': ['error', 'eval'],
      // A page with one does not start on iPhones before iOS 16.4.
      'no-restricted-syntax': ['error', {
        selector: 'Literal[regex.pattern=/\\(\\?<[=!]/]', message: 'No lookbehind: a page with one does not start on iPhones before iOS 16.4.',
      }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      'vue/max-attributes-per-line': ['error', { singleline: 5, multiline: 1 }],
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': ['error', { html: { void: 'always', normal: 'always', component: 'always' } }],
    },
  },
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: typescript.parser } },
  },
  {
    files: ['scripts/**', 'e2e/**', '*.js', '*.ts'],
    languageOptions: { globals: { ...globals.node } },
    rules: { 'no-console': 'off' },
  },
  {
    files: ['src/**/*.test.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
)
