// The one place that knows the envelope {code, message, result} and what stands instead of it.

/**
 * The server understood and said no: a business refusal, with its code of the interface document, section 1.2, its words in
 * the page's language, the word that programs know it by, and the parameter that is not as it should be, if it is one.
 */
export class Refused extends Error {
  constructor(
    readonly code: number, message: string | null, readonly reason: string | null = null, readonly field: string | null = null,
  ) {
    super(message ?? '')
    this.name = 'Refused'
  }
}

/** There is no session, or it has ended. */
export class NoSession extends Error {
  constructor() {
    super('no session')
    this.name = 'NoSession'
  }
}

/** No answer worth the name: no network, a server that is stopping or broken. Trying again later may help. */
export class Unreachable extends Error {
  constructor(readonly status: number | null) {
    super(status === null ? 'no answer' : `status ${status}`)
    this.name = 'Unreachable'
  }
}

/** What openapi-fetch hands over. */
interface Fetched<T> {
  data?: T
  response: Response
}

/** What a refusal says. */
export interface Refusal { code: number, message?: string | null, reason?: string | null, field?: string | null }
type Envelope = Refusal & { result: unknown, count?: number }
type Good<T> = Extract<T, { code: 0 }>
/** What is answered is whole: a field without a value is there, and null. */
type Solid<T> = T extends object ? { [K in keyof T]-?: T[K] } : T
type Whole<R> = R extends (infer Row)[] ? Solid<Row>[] : Solid<R>
type ResultOf<T> = Good<T> extends { result: infer R } ? Whole<R> : never

export const refused = ({ code, message, reason, field }: Refusal): Refused =>
  new Refused(code, message ?? null, reason ?? null, field ?? null)

/** Throws what the answer says went wrong. */
function good(data: Envelope | undefined, response: Response): Envelope {
  if (response.status === 403) throw new NoSession()
  if (!response.ok) {
    // Malformed, too large, unknown path: the request will not get better by repeating it.
    if (response.status >= 400 && response.status < 500) throw new Refused(-2, null)
    throw new Unreachable(response.status)
  }
  if (data === undefined || typeof data.code !== 'number') throw new Unreachable(response.status)
  if (data.code !== 0) throw refused(data)
  return data
}

async function fetched<T>(call: Promise<Fetched<T>>): Promise<Fetched<T>> {
  try {
    return await call
  } catch (error) {
    if (error instanceof NoSession) throw error
    throw new Unreachable(null)
  }
}

/** The object of an answer. */
export async function result<T>(call: Promise<Fetched<T>>): Promise<ResultOf<T>> {
  const { data, response } = await fetched(call)
  return good(data as Envelope | undefined, response).result as never
}

/** The rows of a page, and how many the whole query has. */
export async function rows<T>(
  call: Promise<Fetched<T>>,
): Promise<{ rows: ResultOf<T>, count: number }> {
  const { data, response } = await fetched(call)
  const envelope = good(data as Envelope | undefined, response)
  return { rows: envelope.result as never, count: envelope.count ?? 0 }
}
