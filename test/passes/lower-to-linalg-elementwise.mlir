// RUN: %tlc-opt %s --lower-to-linalg | FileCheck %s
// Scalars are captured by the body; a size stays only where the array enters.

// CHECK-LABEL: @scaled
// CHECK: %[[X:.*]] = tl.sized
// CHECK: tensor.empty(%{{.*}}) : tensor<?xf16>
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<?xf16>)
// CHECK: %[[WIDE:.*]] = arith.extf
// CHECK: math.exp %[[WIDE]] : f32
// CHECK: arith.truncf
// CHECK-NOT: tl.
func.func @scaled(%x0: tensor<?xf16>, %s: f16, %n: index) -> (tensor<?xf16>, f16) {
  %x = tl.sized %x0 [%n] : tensor<?xf16>
  %e = tl.exp %x : tensor<?xf16>
  %y = tl.mul %e, %s : tensor<?xf16>, f16
  %z = tl.add %s, %s : f16, f16
  return %y, %z : tensor<?xf16>, f16
}
