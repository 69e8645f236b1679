package app_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"utkik/index"
	"utkik/internal/call"
)

// wrong is a feed that does not tell what the store holds.
type wrong []index.Entry

func (w wrong) Touched(_ context.Context, after int64, limit int) (out []index.Entry, _ error) {
	for _, e := range w {
		if e.Seq > after && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	day := portal.Days()[0]
	file := configure(t, text)
	a := installation(t, file, day)
	crawl(t, a)
	if found, err := a.Reconcile(t.Context()); err != nil || found != "" {
		t.Errorf("a sound index: %q, %v", found, err)
	}
	x, err := a.Index(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := x.Count()
	if err != nil {
		t.Fatal(err)
	}
	top, err := x.Cursor()
	if err != nil {
		t.Fatal(err)
	}
	closeApp(t, a)
	stranger := index.Entry{Call: call.Call{Source: "ft-portal", Ref: "never", Kind: call.KindCall, Title: "Never was"}, Seq: top}
	later := stranger
	later.Seq = top + 5
	for _, c := range []struct {
		feed wrong
		want string
	}{
		{wrong{stranger}, "1 too many"},
		{wrong{later}, "it was set back"},
	} {
		ix, err := index.Open(filepath.Join(filepath.Dir(file), "data", "index"), index.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ix.Rebuild(t.Context(), c.feed); err != nil {
			t.Fatal(err)
		}
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
		a := installation(t, file, day)
		found, err := a.Reconcile(t.Context())
		if err != nil || !strings.Contains(found, c.want) {
			t.Errorf("got %q, %v, want %q", found, err, c.want)
		}
		if found, err := a.Reconcile(t.Context()); err != nil || found != "" {
			t.Errorf("when it was mended: %q, %v", found, err)
		}
		x, err := a.Index(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n, err := x.Count(); err != nil || n != all {
			t.Errorf("%d calls, %v, want %d", n, err, all)
		}
		closeApp(t, a)
	}
}
