// Empty: the object whose only use is its precompiled header.
