"""The seeds' path in python-socketio: lobby, workspace, room, history, live, and what the others see."""

import asyncio

import socketio.exceptions

from device import STAGE, Device, cid


async def refused_at_the_door():
    stranger = Device({"token": "nobody's"})
    refusals = []
    stranger.io.on("connect_error", refusals.append, namespace="/general")
    try:
        await stranger.connect("/general")
    except socketio.exceptions.ConnectionError:
        assert refusals == [{"message": "unauthorized"}], refusals
    else:
        raise AssertionError("a stranger came in")
    await stranger.close()


async def main():
    await refused_at_the_door()
    print("ok   a stranger is refused")

    ada, bob = Device(STAGE["ada"]), Device(STAGE["bob"])
    await ada.connect("/", "/general")
    home = await ada.next("/", "lobby:ready")
    assert [w["slug"] for w in home["workspaces"]] == ["general"], home
    ready = await ada.next("/general", "workspace:ready")
    assert sorted(r["name"] for r in ready["rooms"]) == ["general", "random"], ready
    room = next(r["id"] for r in ready["rooms"] if r["name"] == "general")
    print("ok   lobby and workspace on one connection")

    await bob.connect("/", "/general", transports=("polling", "websocket"))
    await bob.next("/general", "workspace:ready")
    await ada.next("/general", "presence:changed", lambda e: e["user"] == STAGE["bob"]["id"] and e["state"] == "online")
    print("ok   long polling first, then WebSocket; presence")

    joined = await bob.ok("/general", "room:join", {"room": room, "after": 0})
    assert joined["members"] == 3 and joined["online"] == 2 and not joined["reset"], joined
    assert [e["seq"] for e in joined["entries"]] == list(range(1, joined["head"] + 1)), joined
    print("ok   join with an ack of the member count")

    message = {"room": room, "cid": cid(), "text": "Grüße aus 🐍"}
    sent = await ada.ok("/general", "message:send", message)
    assert sent["cid"] == message["cid"] and sent["seq"] == joined["head"] + 1, sent
    assert await ada.ok("/general", "message:send", message) == sent
    await ada.refused("conflict", "/general", "message:send", {**message, "text": "other"})
    for device in (ada, bob):
        entry = await device.next("/general", "room:entry", lambda e: e["seq"] == sent["seq"])
        assert entry["text"] == message["text"] and entry["author"] == STAGE["ada"]["id"], entry
    page = await bob.ok("/general", "room:history", {"room": room, "limit": 10})
    assert [m["id"] for m in page["messages"]] == [sent["id"]] and page["start"], page
    print("ok   send, repeat, conflict, live entry, history")

    await bob.next("/", "unread:changed", lambda e: e["head"] == sent["seq"] and e["unread"] == 1)
    assert (await bob.ok("/general", "read:mark", {"room": room, "seq": sent["seq"]}))["read"] == sent["seq"]
    await bob.next("/", "unread:changed", lambda e: e["unread"] == 0)
    print("ok   unread and read marks")

    await bob.io.emit("typing:set", {"room": room, "on": True}, namespace="/general")
    typing = await ada.next("/general", "typing:changed")
    assert typing == {"room": room, "user": STAGE["bob"]["id"], "on": True}, typing
    print("ok   typing")

    batch = [{"room": room, "cid": cid(), "text": f"number {n}"} for n in range(100)]
    results = (await bob.ok("/general", "message:send_batch", {"messages": batch}))["results"]
    assert [r["cid"] for r in results] == [m["cid"] for m in batch] and all(r["ok"] for r in results)
    last = await ada.next("/general", "room:entry", lambda e: e["seq"] == results[-1]["seq"])
    assert last["text"] == "number 99"
    print("ok   a batch, in order")

    created = (await bob.ok("/general", "room:create", {"name": "snakes", "kind": "private"}))["room"]
    await ada.refused("not_found", "/general", "room:join", {"room": created["id"]})
    await bob.ok("/general", "room:invite", {"room": created["id"], "users": [STAGE["ada"]["id"]]})
    await ada.next("/general", "room:added", lambda e: e["room"]["id"] == created["id"])
    print("ok   a private room")

    await ada.refused("bad_request", "/general", "message:send", {"room": room})
    await ada.refused("unknown_event", "/general", "room:explode", {})
    print("ok   refusals")

    await bob.close()
    await ada.next("/general", "presence:changed", lambda e: e["user"] == STAGE["bob"]["id"] and e["state"] == "offline")
    await ada.close()
    print("ok   leaving is seen")


asyncio.run(asyncio.wait_for(main(), 50))
