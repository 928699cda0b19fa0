"""The doors of SMS gateways, each in its gateway's own shape, thin; all keep through `Front.keep`."""
