/** The entry of the page. */

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ChatService } from 'turnwire/browser';

import App from './App';
import './index.css';

// The existing front end keeps its tokens there, and sends both with each request.
const token = (name) => () => localStorage.getItem(name);
const service = new ChatService({
  baseURL: process.env.REACT_APP_CHAT_URL ?? '',
  accessToken: token('accessToken'),
  refreshToken: token('refreshToken'),
});

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <App service={service} />
  </StrictMode>,
);
