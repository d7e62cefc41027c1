/** The door of the page: it asks for a login where there is one, and nothing of one user is shown or sent for the next. */

import { Fragment, useId, useState, useSyncExternalStore, type FormEvent, type ReactNode } from 'react';

import { hasExpired, isSignedIn, onSession, signIn, userId } from '../session';
import { useWords } from '../settings';

export function Entry({ children }: { children: ReactNode }) {
  const user = useSyncExternalStore(onSession, () => (isSignedIn() ? userId() : null));
  return user === null ? <Login /> : <Fragment key={user}>{children}</Fragment>;
}

function Login() {
  const words = useWords();
  const [problem, setProblem] = useState<'wrong' | 'failed' | null>(null);
  const [isSending, setIsSending] = useState(false);
  const [name, password] = [useId(), useId()];
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setIsSending(true);
    setProblem(null);
    try {
      if (!(await signIn(String(form.get('name')), String(form.get('password'))))) setProblem('wrong');
    } catch {
      setProblem('failed');
    }
    setIsSending(false);
  };
  return (
    <main className="login">
      <h1>{words.title}</h1>
      {hasExpired() && <p role="status">{words.signIn}</p>}
      <form onSubmit={send}>
        <label htmlFor={name}>{words.name}</label>
        <input id={name} name="name" autoComplete="username" autoCapitalize="none" required />
        <label htmlFor={password}>{words.password}</label>
        <input id={password} name="password" type="password" autoComplete="current-password" required />
        <button type="submit" className="main" disabled={isSending}>
          {words.enter}
        </button>
        <p role="alert">{problem === 'wrong' ? words.wrongLogin : problem === 'failed' ? words.network : ''}</p>
      </form>
    </main>
  );
}
