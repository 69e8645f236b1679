package store

import (
	"context"
	"time"
)

// Node is a machine that answers readers.
type Node struct {
	Name    string
	Address string        // at which other machines reach it; empty when they need not
	Secret  []byte        // by which they show that they belong to the installation
	Cursor  int64         // how far its index has followed, in the numbers of Touched
	Silent  time.Duration // since it last said so, by the database's clock
	Behind  int           // calls that it has not followed
}

// Beat notes where a machine stands. Those that have been silent for a day are forgotten.
func (s *Store) Beat(ctx context.Context, n Node) error {
	err := s.write(ctx, survivesProcess, func(t *txn) error {
		if _, err := t.exec(nodeBeat, n.Name, n.Address, n.Secret, n.Cursor); err != nil {
			return err
		}
		_, err := t.exec(nodeForget)
		return err
	})
	if err != nil {
		return s.fail("noting where "+n.Name+" stands", nothingSaved, err)
	}
	return nil
}

// Leave forgets a machine that has stopped in order.
func (s *Store) Leave(ctx context.Context, name string) error {
	return s.note(ctx, "noting that "+name+" has stopped", nodeLeave, name)
}

// Nodes gives the machines that answer readers, those that have followed furthest first.
func (s *Store) Nodes(ctx context.Context) ([]Node, error) {
	return all(ctx, s, func(row scanner) (Node, error) {
		var n Node
		var silent int64
		err := row.Scan(&n.Name, &n.Address, &n.Secret, &n.Cursor, &silent, &n.Behind)
		n.Silent = max(time.Duration(silent)*time.Millisecond, 0)
		return n, err
	}, nodeList)
}

// Last gives the number of the newest row that Touched gives; 0 when there is none.
func (s *Store) Last(ctx context.Context) (int64, error) {
	var n int64
	if err := s.row(ctx, recordLast).Scan(&n); err != nil {
		return 0, s.fail("asking for the newest call", "", err)
	}
	return n, nil
}
