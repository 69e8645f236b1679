package bench

import (
	"fmt"
	"math"
)

// row is a line of the table that ./bench prints.
func row(what, figure, target, beside string) {
	fmt.Printf("ROW\t%s\t%s\t%s\t%s\n", what, figure, target, beside)
}

// power tells with which power of the size figures grow: the slope of the straight line that lies nearest to their
// logarithms. False where fewer than two sizes have a figure.
func power(sizes, took []float64) (float64, bool) {
	var n, sx, sy, sxx, sxy float64
	for i := range sizes {
		if took[i] <= 0 {
			continue
		}
		x, y := math.Log(sizes[i]), math.Log(took[i])
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	d := n*sxx - sx*sx
	if n < 2 || d <= 0 {
		return 0, false
	}
	return (n*sxy - sx*sy) / d, true
}
