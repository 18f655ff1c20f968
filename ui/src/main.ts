import { mount } from 'svelte';

import App from './App.svelte';
import { openShell } from './port/open';
import { Servers } from './state/servers.svelte';
import './styles.css';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

const servers = new Servers(await openShell());
mount(App, { target, props: { servers } });
await servers.start();
