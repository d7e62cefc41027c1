/** The entry of the page. */

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App } from './App';
import { SettingsProvider } from './settings';
import { Entry } from './shell/Entry';
import './styles/base.css';
import './styles/chat.css';
import './styles/text.css';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <SettingsProvider>
      <Entry>
        <App />
      </Entry>
    </SettingsProvider>
  </StrictMode>,
);
