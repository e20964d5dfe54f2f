"""The operator's commands: snapshot, restore and audit."""
