"""Unisono: the open place where phones, homes, cars and factories act as one."""
