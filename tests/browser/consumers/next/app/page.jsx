import { useChat } from 'turnwire/react';

import { Client } from '../client.jsx';

/** A server component: of `turnwire/react` it has references to what the page loads. */
export default function Home() {
  return (
    <>
      <h1>{typeof useChat}</h1>
      <Client />
    </>
  );
}
