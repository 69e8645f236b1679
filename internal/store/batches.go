package store

import (
	"context"
	"fmt"
)

// SharedBatch is a part of a run that any machine may do.
type SharedBatch struct {
	Source string
	Work   []byte // what is to be asked for, in the words of who shares it
	Result []byte // what became of it
	Done   bool
}

// Shared tells whether several machines can work on the store.
func (s *Store) Shared() bool { return s.locks != nil }

// AddBatches adds parts of a run, numbered from first. Those that an earlier run of the source has left, whose machine died,
// are forgotten.
func (s *Store) AddBatches(ctx context.Context, run Run, first int, works [][]byte) error {
	err := s.write(ctx, survivesPower, func(t *txn) error {
		if _, err := t.exec(batchForget, run.Source, run.ID); err != nil {
			return err
		}
		for i, w := range works {
			packed, err := pack(w)
			if err != nil {
				return err
			}
			if _, err := t.exec(batchInsert, run.ID, first+i, packed); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s.fail(fmt.Sprintf("sharing run %d of %s", run.ID, run.Source), nothingSaved, err)
	}
	return nil
}

// Batch gives a part of a run that is going on; ErrNotFound when there is none, or the run is over.
func (s *Store) Batch(ctx context.Context, run int64, n int) (SharedBatch, error) {
	return one(ctx, s, fmt.Sprintf("batch %d of run %d", n, run), scanBatch, batchOne, run, n)
}

// OpenBatches gives the numbers of a run's parts that are not done, from the first.
func (s *Store) OpenBatches(ctx context.Context, run int64) ([]int, error) {
	return all(ctx, s, func(row scanner) (n int, err error) { err = row.Scan(&n); return n, err }, batchOpen, run)
}

// EndBatch notes what became of a part. One that is done stays as it is.
func (s *Store) EndBatch(ctx context.Context, run int64, n int, result []byte) error {
	packed, err := pack(result)
	if err == nil {
		err = s.write(ctx, survivesPower, func(t *txn) error {
			_, err := t.exec(batchDone, packed, run, n)
			return err
		})
	}
	if err != nil {
		return s.fail(fmt.Sprintf("noting batch %d of run %d", n, run), nothingSaved, err)
	}
	return nil
}

// ForgetBatches forgets the parts of a run, which has read what became of them.
func (s *Store) ForgetBatches(ctx context.Context, run Run) error {
	return s.note(ctx, fmt.Sprintf("forgetting the batches of run %d", run.ID), batchForget, run.Source, 0)
}

func scanBatch(row scanner) (SharedBatch, error) {
	var b SharedBatch
	var work, result []byte
	if err := row.Scan(&b.Source, &work, &result, &b.Done); err != nil {
		return SharedBatch{}, err
	}
	var err error
	if b.Work, err = unpack(work); err == nil && b.Done {
		b.Result, err = unpack(result)
	}
	return b, err
}
