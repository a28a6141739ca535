"""One file per subcommand: parse, call one plain function of the core, print."""
