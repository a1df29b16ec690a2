"""deploy/mail_server.py ADDRESS PORT FOLDER

A mail server on loopback for the story and the tests: takes every mail and keeps it as
a file of FOLDER, named after its Message-ID, so that the same mail sent twice is one."""

import asyncio
import email
import os
import re
import signal
import sys

from aiosmtpd.smtp import SMTP


class Keeper:
    def __init__(self, folder):
        self.folder = folder

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content)
        name = re.sub(r"[^A-Za-z0-9.@-]", "", mail.get("Message-ID", "")) or "without-id"
        with open(os.path.join(self.folder, name + ".eml"), "wb") as file:
            file.write(envelope.content)
        return "250 kept"


async def main(address, port, folder):
    os.makedirs(folder, exist_ok=True)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Keeper(folder), enable_SMTPUTF8=True), address, int(port))
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with server:
        await ended.wait()


asyncio.run(main(*sys.argv[1:4]))
