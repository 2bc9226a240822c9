"""What a running sweep shows to the outside: the viewer and OpenIGTLink."""
