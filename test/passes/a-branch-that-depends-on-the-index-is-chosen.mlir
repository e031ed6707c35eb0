// RUN: %tlc-opt %s -lift-maps -simplify | FileCheck %s

// What lies outside is read as zero and not chosen.
// CHECK-LABEL: @before
// CHECK: %[[IN:.*]] = tl.compare "ge"
// CHECK: %[[X:.*]] = tl.gather {{.*}} {guarded}
// CHECK: tl.select %[[IN]], %[[X]]
func.func @before(%x0: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %x = tl.sized %x0[%n] : tensor<?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y = tl.map (%i) = [%n] -> tensor<?xf32> {
    %k = arith.subi %i, %c1 : index
    %in = arith.cmpi sge, %k, %c0 : index
    %a = scf.if %in -> f32 {
      %b = tl.slice %x[%k][%c1] [1] dropped [0] {here} : tensor<?xf32>
      scf.yield %b : f32
    } else {
      %z = arith.constant 7.0 : f32
      scf.yield %z : f32
    }
    tl.yield %a : f32
  }
  return %y : tensor<?xf32>
}
