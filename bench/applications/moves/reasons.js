/** Why a moved application sends other cookies than the published one, where a step of a walk says so. */
export const UNCHANGED = ['set', 'none', 'the browser has this cookie already: before, it was signed and sent with every answer']
export const SAME_DATA = ['set', 'none', 'the data are what they were: before, they were sealed and sent again']
export const SAME_ID = ['set', 'none', 'what changed is in the store, under the id that the browser has']
export const EMPTY = ['set', 'none', 'a session without data is not kept, and gets no cookie']
export const ENDED = ['none', 'cleared', 'the cookie of a session that ended is taken back']
export const EMPTIED = ['set', 'cleared', 'a session that lost its last data ends; before, the cookie held an empty one']
