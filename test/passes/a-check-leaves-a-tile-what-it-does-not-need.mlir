// RUN: %tlc-opt %s --tile-rows | FileCheck %s
// What stands before a check of one of the arrays enters the loop over tiles behind it, but for what the check needs.
#one = affine_map<(i) -> (i)>

// CHECK-LABEL: @checked
// CHECK: arith.cmpi
// CHECK-NOT: linalg.generic
// CHECK: tl.check
// CHECK: scf.for
// CHECK: math.exp
// CHECK: math.sqrt
// CHECK: math.cos
// CHECK: math.sin
// CHECK: } {tl.independent}
func.func @checked(%k: tensor<?xi64>, %x: tensor<?xf64>, %n: index, %m: i64) -> tensor<?xf64> {
  %line = tensor.empty(%n) : tensor<?xf64>
  %bits = tensor.empty(%n) : tensor<?xi1>
  %a = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]} ins(%x : tensor<?xf64>) outs(%line : tensor<?xf64>) {
  ^bb0(%u: f64, %o: f64):
    %z = math.exp %u : f64
    linalg.yield %z : f64
  } -> tensor<?xf64>
  %inside = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]} ins(%k : tensor<?xi64>) outs(%bits : tensor<?xi1>) {
  ^bb0(%u: i64, %o: i1):
    %z = arith.cmpi ult, %u, %m : i64
    linalg.yield %z : i1
  } -> tensor<?xi1>
  tl.check %inside ["index ", "", ""](%k : tensor<?xi64>) {code = "E0801", kinds = ["i64"]} : tensor<?xi1>
  %b = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]} ins(%a : tensor<?xf64>) outs(%line : tensor<?xf64>) {
  ^bb0(%u: f64, %o: f64):
    %z = math.sqrt %u : f64
    linalg.yield %z : f64
  } -> tensor<?xf64>
  %c = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]} ins(%b : tensor<?xf64>) outs(%line : tensor<?xf64>) {
  ^bb0(%u: f64, %o: f64):
    %z = math.cos %u : f64
    linalg.yield %z : f64
  } -> tensor<?xf64>
  %d = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]} ins(%c : tensor<?xf64>) outs(%line : tensor<?xf64>) {
  ^bb0(%u: f64, %o: f64):
    %z = math.sin %u : f64
    linalg.yield %z : f64
  } -> tensor<?xf64>
  return %d : tensor<?xf64>
}
