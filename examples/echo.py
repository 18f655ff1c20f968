"""A bot that says again what follows `!echo`. See README.md."""
import asyncio, os, sys, uuid
import socketio

url, workspace = sys.argv[1:]
bot, namespace = socketio.AsyncClient(), f"/{workspace}"

@bot.on("workspace:ready", namespace=namespace)
async def ready(workspace):
    print(f"listening in {len(workspace['rooms'])} rooms", flush=True)

@bot.on("room:entry", namespace=namespace)
async def entry(entry):
    if entry["kind"] == "message" and entry["text"].startswith("!echo "):
        message = {"room": entry["room"], "cid": str(uuid.uuid4()), "text": entry["text"][6:]}
        reply = await bot.call("message:send", message, namespace=namespace, timeout=5)
        if not reply["ok"]:
            print(reply["error"]["message"], file=sys.stderr)

async def main():
    auth = {"token": os.environ["CONFAB_TOKEN"], "protocol": 1, "client": "echo/1"}
    await bot.connect(url, namespaces=[namespace], auth=auth, transports=["websocket"])
    await bot.wait()

asyncio.run(main())
