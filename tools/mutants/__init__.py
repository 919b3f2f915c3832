"""Are the tests of the rules any good? Break the rules one node of the syntax tree at a time and see who notices."""
