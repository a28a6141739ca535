"""Everything that decides a run: fields, sections, TOML, and what lies over what."""
