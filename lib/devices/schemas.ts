// What @fastify/swagger shows of the routes.

const instant = { type: 'string', format: 'date-time' }
const tags = ['sessions']

const session = {
  type: 'object',
  required: ['id', 'current', 'createdAt', 'lastAccessedAt', 'expiresAt', 'about'],
  properties: {
    id: { type: 'string', description: 'A name of the session, and no secret' },
    current: { type: 'boolean', description: 'Whether it is the session of this request' },
    createdAt: { ...instant, description: 'When the user signed in' },
    lastAccessedAt: { ...instant, description: 'The last use that was recorded' },
    expiresAt: { ...instant, description: 'When the session ends unless it is used' },
    about: { type: 'object', nullable: true, additionalProperties: true, description: 'What the application knows of the device' }
  }
}

function refused (description: string): object {
  return {
    description,
    type: 'object',
    properties: { statusCode: { type: 'integer' }, code: { type: 'string' }, error: { type: 'string' }, message: { type: 'string' } }
  }
}

const unauthorized = refused('Nobody is signed in')
const forbidden = refused('The request comes from a page of another site')

/** The most sessions on a page, and as many as there are on a page unless the client wants fewer. */
export const MAX_PAGE = 100

export const listSchema = {
  summary: 'The sessions of the user who is signed in',
  tags,
  querystring: {
    type: 'object',
    properties: {
      limit: { type: 'integer', minimum: 1, maximum: MAX_PAGE, default: MAX_PAGE, description: 'The most sessions on a page' },
      cursor: { type: 'string', description: 'The cursor of the page before' }
    }
  },
  response: {
    200: {
      description: 'A page of sessions, that of this request first on its page',
      type: 'object',
      required: ['sessions', 'cursor'],
      properties: {
        sessions: { type: 'array', items: session },
        cursor: { type: 'string', nullable: true, description: 'Where the next page begins; null at the end' }
      }
    },
    400: refused('A limit or a cursor that is none'),
    401: unauthorized
  }
}

export const endOneSchema = {
  summary: 'End one session of the user',
  tags,
  params: { type: 'object', required: ['id'], properties: { id: { type: 'string', description: 'The id of the session' } } },
  response: {
    204: { description: 'The session has ended; if it was that of this request, the user is signed out', type: 'null' },
    401: unauthorized,
    403: forbidden,
    404: refused('The user has no such session, or no more')
  }
}

export const endOthersSchema = {
  summary: 'End all sessions of the user but that of this request',
  tags,
  response: {
    200: {
      description: 'How many sessions have ended',
      type: 'object',
      required: ['removed'],
      properties: { removed: { type: 'integer' } }
    },
    401: unauthorized,
    403: forbidden
  }
}
