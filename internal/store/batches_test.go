package store

import (
	"errors"
	"slices"
	"testing"
)

func TestBatches(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		dead, err := s.BeginRun(ctx, "s", "crawl", day(0))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.AddBatches(ctx, dead, 0, [][]byte{[]byte("left")}); err != nil {
			t.Fatal(err)
		}
		s.letGo(dead.ID) // as its machine's death does
		freed(t, s, "run-s")
		run, err := s.BeginRun(ctx, "s", "crawl", day(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Batch(ctx, dead.ID, 0); !errors.Is(err, ErrNotFound) {
			t.Errorf("a batch of a run that is over: %v", err)
		}
		if err := s.AddBatches(ctx, run, 0, [][]byte{[]byte("one"), []byte("two")}); err != nil {
			t.Fatal(err)
		}
		if err := s.AddBatches(ctx, run, 2, [][]byte{[]byte("three")}); err != nil {
			t.Fatal(err)
		}
		if left, err := s.OpenBatches(ctx, dead.ID); err != nil || len(left) > 0 {
			t.Errorf("batches of the dead run are still there: %v, %v", left, err)
		}
		for _, result := range []string{"done", "done by another, later"} {
			if err := s.EndBatch(ctx, run.ID, 1, []byte(result)); err != nil {
				t.Fatal(err)
			}
		}
		open, err := s.OpenBatches(ctx, run.ID)
		if err != nil || !slices.Equal(open, []int{0, 2}) {
			t.Errorf("open are %v, %v", open, err)
		}
		b, err := s.Batch(ctx, run.ID, 1)
		if err != nil || b.Source != "s" || string(b.Work) != "two" || string(b.Result) != "done" || !b.Done {
			t.Errorf("batch 1 is %+v, %v", b, err)
		}
		if b, err = s.Batch(ctx, run.ID, 0); err != nil || b.Done || len(b.Result) > 0 {
			t.Errorf("batch 0 is %+v, %v", b, err)
		}
		if err := s.ForgetBatches(ctx, run); err != nil {
			t.Fatal(err)
		}
		if open, err = s.OpenBatches(ctx, run.ID); err != nil || len(open) > 0 {
			t.Errorf("forgotten, %v are open, %v", open, err)
		}
	})
}
