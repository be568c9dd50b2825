"""Alarms as industry knows them (ISA-18.2, IEC 62682, EEMUA 191). Pure; part of the fold; time is passed in.

They stand in the room of scenes: what raises an alarm is what triggers a scene, looked at by the same sources.
"""
