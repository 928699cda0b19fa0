"""Kannel, the gateway to the networks' SMPP links: configured, started and watched as a part of the instance."""
