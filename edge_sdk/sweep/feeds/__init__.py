"""Live devices that give images, or images and poses: cameras, frame grabbers and OpenIGTLink peers."""
