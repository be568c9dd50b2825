"""Sparkplug B: edge nodes of plants and their devices, which say at birth what they are."""

from __future__ import annotations

from unisono.dialect.seam import Field, Guide, Hub, Setting, Translator
from unisono.dialect.sparkplug.birth import NAME
from unisono.dialect.sparkplug.bridge import HOST_ID, NAMESPACE, Host

__all__ = ["SPARKPLUG", "Sparkplug"]


class Sparkplug:
    """The dialect ``sparkplug``."""

    name = NAME
    title = "Sparkplug B (edge nodes of plants)"
    fields: tuple[Field, ...] = ()
    model = "gateway"
    learns = False
    can = (
        "nodes and devices by their births: devices are parts of their node, and go with it",
        "all data types, arrays, data sets; templates, member by member; units from the property `engUnit`",
        "payloads that are packed (DEFLATE, GZIP)",
        "aliases; times of metrics, also of historical ones; values of bad or stale quality are left out",
        "commands (NCMD, DCMD), by alias where there is one; `Node Control/...` as actions, answered by the next birth",
        "missing numbers, unknown metrics and unknown nodes: the node is asked to be born again",
        "`bdSeq`: a death of an earlier session counts for nothing; the host's STATE in the words of 3.0 and of 2.2",
    )
    cannot = (
        "Sparkplug A; definitions and parameters of templates; sets of properties; files in several parts",
        "`$sparkplug/certificates` (a Sparkplug aware server)",
    )

    def announces(self, topic: str) -> bool:
        return topic.startswith(f"{NAMESPACE}/") and ("/NBIRTH/" in topic or "/DBIRTH/" in topic)

    def bridge(self) -> Translator:
        return Host()

    def guide(self, hub: Hub) -> Guide:
        port = hub.mqtt_port or 1883
        settings = (
            Setting("MQTT server URL", f"tcp://{hub.host}:{port}"),
            Setting("Server URL with TLS", f"ssl://{hub.host}:{hub.mqtts_port or 8883}"),
            Setting("Username", hub.thing),
            Setting("Password", hub.secret),
            Setting("Primary host id (where the node waits for one)", HOST_ID),
        )
        paste = (
            "# with pysparkplug\n"
            f'client = psp.Client(username="{hub.thing}", password="{hub.secret}")\n'
            'node = psp.EdgeNode("plant", "line1", metrics, client=client)\n'
            f'node.connect("{hub.host}", port={port})'
        )
        notes = ("Any number of nodes may use the same user name. Group and node ids are free.",)
        return Guide(NAME, self.title, settings, paste, notes)


SPARKPLUG = Sparkplug()
