package index

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestYY(t *testing.T) {
	dir := "/tmp/ix/idx50k"
	if _, err := os.Stat(dir); err != nil {
		t.Skip()
	}
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for range 20 {
		b0 := time.Now()
		ix, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		o := time.Since(b0)
		ix.Search(t.Context(), Query{Text: "energi", Now: now, Facets: facets})
		fmt.Println("open", o, "first", time.Since(b0)-o)
		ix.Close()
	}
}
func TestXX(t *testing.T) {
	calls := mix(corpus(t), 12000)
	c0 := cpu()
	b0 := time.Now()
	ix, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ix.Sync(t.Context(), feedOf(calls)); err != nil {
		t.Fatal(err)
	}
	fmt.Println("sync wall", time.Since(b0), "cpu", cpu()-c0, "cpu us/doc", (cpu()-c0).Microseconds()/12000)
	ix.Close()
}
