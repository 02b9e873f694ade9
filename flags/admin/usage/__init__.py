"""How often flags are evaluated, to what, and which SDKs report."""
