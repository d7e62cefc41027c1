'use client';

import { Page } from './page.jsx';

export const Client = () => <Page />;
