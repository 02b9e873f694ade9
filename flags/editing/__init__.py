"""Changes of flags before they are written: as edits, drafts, merges, promotions and restorations."""
