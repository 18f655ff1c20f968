import { mount } from 'svelte';

import App from './App.svelte';
import { openPort } from './port/open';
import { App as AppState } from './state/app.svelte';
import './styles.css';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

const app = new AppState(await openPort());
mount(App, { target, props: { app } });
await app.start();
