/** The property whose sessions have no name of their own in a store: keys and folders of any other property carry its name. */
export const MAIN_PROPERTY = 'session'

/** How many sessions a page of `list()` has where no `limit` is given. */
export const DEFAULT_PAGE = 100
