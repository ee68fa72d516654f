"""An OPC UA server with its standard address space, made once by the process that servers of tests are forked from."""

from __future__ import annotations

import asyncio

from asyncua import Server

SERVER = Server()
asyncio.run(SERVER.init())
