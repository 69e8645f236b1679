package store

import (
	"bytes"
	"testing"
	"time"
)

func TestNodes(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		for _, n := range []Node{{Name: "b", Secret: []byte{1}, Cursor: 3}, {Name: "a", Address: "http://a", Secret: []byte{2}, Cursor: 3}, {Name: "b", Secret: []byte{3}, Cursor: 7}} {
			if err := s.Beat(ctx, n); err != nil {
				t.Fatal(err)
			}
		}
		ns, err := s.Nodes(ctx)
		if err != nil || len(ns) != 2 {
			t.Fatalf("%+v, %v", ns, err)
		}
		if b := ns[0]; b.Name != "b" || b.Cursor != 7 || !bytes.Equal(b.Secret, []byte{3}) || b.Silent > time.Minute {
			t.Errorf("b is %+v", b)
		}
		if a := ns[1]; a.Name != "a" || a.Address != "http://a" {
			t.Errorf("a is %+v", a)
		}
		if err := s.Leave(ctx, "b"); err != nil {
			t.Fatal(err)
		}
		if ns, err = s.Nodes(ctx); err != nil || len(ns) != 1 || ns[0].Name != "a" {
			t.Errorf("b has left, there are %+v, %v", ns, err)
		}
		if n, err := s.Last(ctx); err != nil || n != 0 {
			t.Errorf("of an empty store the last is %d, %v", n, err)
		}
	})
}
