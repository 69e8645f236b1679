package call

import "testing"

// Writers of the exchange format in other languages make fractions of whole numbers, and portals state cents.
func TestDecodeAmounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value string
		want  int64
		ok    bool
	}{
		{"13700000", 13700000, true},
		{"13700000.0", 13700000, true},
		{"9186307.3", 9186307, true},
		{"null", 0, true},
		{`"1"`, 0, false},
		{"1e300", 0, false},
		{"-1", 0, false},
	} {
		c, err := Decode([]byte(`{"source":"s","ref":"r","kind":"call","budget_eur":` + tt.value + `}`))
		if (err == nil) != tt.ok || c.BudgetEUR != tt.want {
			t.Errorf("budget %s: got %d, %v; want %d", tt.value, c.BudgetEUR, err, tt.want)
		}
	}
}
