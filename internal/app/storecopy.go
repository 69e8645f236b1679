package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"utkik/config"
	"utkik/internal/store"
)

// storeURL is where an installation's store is.
func storeURL(cfg *config.Config) string {
	if cfg.Store.URL != "" {
		return cfg.Store.URL
	}
	return "sqlite:" + filepath.Join(cfg.Data, "utkik.db")
}

// CopyStore copies everything of the store at one address to the other, which must be empty; nothing is copied unless
// all of it is, and comes out as it went in. An empty address is the installation's own store.
func CopyStore(ctx context.Context, cfg *config.Config, from, to string, told func(store.Copied)) (out []store.Copied, err error) {
	if from == "" {
		from = storeURL(cfg)
	}
	if to == "" {
		to = storeURL(cfg)
	}
	if from == to {
		return nil, errors.New("from and to are the same store; name another with --from or --to")
	}
	if err := store.Exists(from); err != nil {
		return nil, err
	}
	src, err := store.Open(ctx, store.Options{URL: from, Now: time.Now})
	if err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	dst, err := store.Open(ctx, store.Options{URL: to, Now: time.Now})
	if err != nil {
		return nil, fmt.Errorf("to: %w", err)
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	return store.Copy(ctx, src, dst, told)
}
