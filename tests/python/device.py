"""A device of somebody, in python-socketio: one connection, any number of namespaces on it."""

import asyncio
import json
import os
import uuid

import socketio

STAGE = json.loads(os.environ["CONFAB_STAGE"])

# Nothing that should come at once takes longer, unless something is broken.
DEADLINE = 15


class Device:
    """Connects to some namespaces at once; keeps every event until somebody asks for it."""

    def __init__(self, person):
        self.person = person
        self.io = socketio.AsyncClient(reconnection=False)
        self.inbox = []
        self.arrived = asyncio.Condition()
        self.io.on("*", self._keep, namespace="*")

    async def _keep(self, event, namespace, *args):
        assert len(args) == 1 and isinstance(args[0], dict), f"{event} carries {args!r}"
        async with self.arrived:
            self.inbox.append((namespace, event, args[0]))
            self.arrived.notify_all()

    async def connect(self, *namespaces, transports=("websocket",)):
        auth = {"token": self.person["token"], "protocol": 1, "client": "python-scenario/1"}
        await self.io.connect(
            STAGE["url"], auth=auth, namespaces=list(namespaces), transports=list(transports), wait_timeout=DEADLINE
        )

    async def request(self, namespace, event, body):
        reply = await self.io.call(event, body, namespace=namespace, timeout=DEADLINE)
        assert isinstance(reply, dict) and isinstance(reply.get("ok"), bool), f"{event} answered {reply!r}"
        return reply

    async def ok(self, namespace, event, body):
        reply = await self.request(namespace, event, body)
        assert reply["ok"], f"{event} {body} answered {reply}"
        return reply

    async def refused(self, code, namespace, event, body):
        reply = await self.request(namespace, event, body)
        assert not reply["ok"] and reply["error"]["code"] == code, f"{event} {body} answered {reply}"

    async def next(self, namespace, event, matches=lambda body: True):
        """The next event of this name that matches."""

        def take():
            for at, (where, name, body) in enumerate(self.inbox):
                if where == namespace and name == event and matches(body):
                    del self.inbox[at]
                    return body
            return None

        async def wait():
            async with self.arrived:
                while (found := take()) is None:
                    await self.arrived.wait()
                return found

        try:
            return await asyncio.wait_for(wait(), DEADLINE)
        except TimeoutError:
            seen = [name for _, name, _ in self.inbox]
            raise AssertionError(f"no {event} came in {namespace}; waiting are {seen}") from None

    async def close(self):
        await self.io.disconnect()


def cid():
    return str(uuid.uuid4())
