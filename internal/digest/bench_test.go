package digest

import "testing"

// BenchmarkMail makes a normal day's digest in its three forms.
func BenchmarkMail(b *testing.B) {
	in := normalDay()
	for b.Loop() {
		d, err := Build(in)
		if err != nil {
			b.Fatal(err)
		}
		if Text(d) == "" {
			b.Fatal("no text")
		}
		if _, err := HTML(d); err != nil {
			b.Fatal(err)
		}
		if _, err := JSON(d); err != nil {
			b.Fatal(err)
		}
	}
}
