/**
 * Inverse of a symmetric positive definite matrix, of which the lower triangle is read; both triangles of the result are
 * filled. Matrices are row by row in one array. Throws RangeError when the matrix is not positive definite.
 */
export function choleskyInverse(matrix: Float64Array, size: number): Float64Array {
  const lower = factorise(matrix, size);
  const inverseLower = new Float64Array(size * size);
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let sum = row === column ? 1 : 0;
      for (let k = column; k < row; k++) {
        sum -= (lower[row * size + k] ?? 0) * (inverseLower[k * size + column] ?? 0);
      }
      inverseLower[row * size + column] = sum / (lower[row * size + row] ?? 1);
    }
  }
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < size; k++)
        sum += (inverseLower[k * size + i] ?? 0) * (inverseLower[k * size + j] ?? 0);
      inverse[i * size + j] = sum;
      inverse[j * size + i] = sum;
    }
  }
  return inverse;
}

/** The lower triangular L with matrix = L L'. */
function factorise(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (lower[i * size + k] ?? 0) * (lower[j * size + k] ?? 0);
      if (j < i) {
        lower[i * size + j] = sum / (lower[j * size + j] ?? 1);
        continue;
      }
      if (!(sum > 0)) throw new RangeError("The normal equations of the fit are singular");
      lower[i * size + i] = Math.sqrt(sum);
    }
  }
  return lower;
}
