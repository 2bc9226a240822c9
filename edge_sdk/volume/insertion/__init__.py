"""Numba kernels that put the pixels of one frame into voxels.

All take the same description of a frame, `FrameArguments` in `frame`, and only write voxels that they own, so that
several of them may run at once on parts of one volume, without locks and with the same result.
"""
