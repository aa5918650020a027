/** Why a session that the request destroyed takes no change, and what to do. */
export const DESTROYED = 'this request destroyed it; to go on with a new session, call regenerate() in place of destroy()'
