/** A sign-in that is being stored. */
export interface SignIn {
  /** Whether the sessions of its subject were revoked since it began. */
  readonly isRevoked: boolean
  end (): void
}

/**
 * Sign-ins under way in this process. Revoking a subject must also end sessions whose creation had begun, and those are
 * not in the store yet.
 */
export class SignIns {
  readonly #running = new Set<{ readonly subject: string | null, isRevoked: boolean }>()

  begin (subject: string | null): SignIn {
    const running = { subject, isRevoked: false, end: () => { this.#running.delete(running) } }
    this.#running.add(running)
    return running
  }

  revoke (subject: string): void {
    for (const signIn of this.#running) {
      if (signIn.subject === subject) signIn.isRevoked = true
    }
  }
}
