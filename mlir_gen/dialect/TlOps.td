// All ops of the dialect, by family.
include "mlir_gen/dialect/Elementwise.td"
include "mlir_gen/dialect/Reduction.td"
include "mlir_gen/dialect/Contraction.td"
include "mlir_gen/dialect/Convolution.td"
include "mlir_gen/dialect/Movement.td"
include "mlir_gen/dialect/Structure.td"
include "mlir_gen/dialect/Random.td"
include "mlir_gen/dialect/Effects.td"
