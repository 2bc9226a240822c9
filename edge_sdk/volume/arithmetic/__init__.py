"""Arithmetic of gray levels inside kernels, one implementation for each type of pixel.

PLUS's rules are templates over the type of the pixels (PlusToolkit/IGSIO vtkIGSIOPasteSliceIntoVolume and
vtkIGSIOFillHolesInVolume, BSD-3): integers are divided as C divides them, toward zero, and float32 is computed in
float32 without rounding to levels. 16-bit levels are computed in 64 bits here, where PLUS's 32-bit products overflow
after 128 hits (nearest) or, with Optimization FULL and 12-bit levels, 32 hits (linear).

Numba chooses an implementation when it compiles a kernel, so 8-bit kernels keep their own fast arithmetic.
"""
