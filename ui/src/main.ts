import { mount } from 'svelte';

import App from './App.svelte';
import { openShell } from './port/open';
import { Servers } from './state/servers.svelte';
import 'bootstrap/dist/css/bootstrap.min.css';
import './styles.css';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

const shell = await openShell();
// There by the time that the start page shows it: what stands below must not move.
if (shell.nearby) void import('./features/setup/Nearby.svelte');
const servers = new Servers(shell);
mount(App, { target, props: { servers } });
await servers.start();
