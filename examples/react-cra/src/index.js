/** The entry of the page. */

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ChatService } from 'turnwire/browser';

import App from './App';
import './index.css';
import { accessToken, keep, refreshToken, renew } from './session';

const service = new ChatService({
  baseURL: process.env.REACT_APP_CHAT_URL ?? '',
  accessToken,
  refreshToken,
  refresh: renew,
  onTokens: keep,
});

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <App service={service} />
  </StrictMode>,
);
