"""The main job in one command, on medical images that come with an installed package."""
