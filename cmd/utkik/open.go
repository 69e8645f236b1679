package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"utkik/config"
	"utkik/internal/app"
)

// load reads the configuration.
func (p *program) load() (*config.Config, error) {
	return config.Load(config.Options{File: p.file, Flags: p.flags, Environ: p.environ})
}

// open opens the installation. Whoever opens it closes it.
func (p *program) open(ctx context.Context) (*app.App, error) {
	cfg, err := p.load()
	if err != nil {
		return nil, err
	}
	return p.openWith(ctx, cfg)
}

func (p *program) openWith(ctx context.Context, cfg *config.Config) (*app.App, error) {
	return app.Open(ctx, cfg, app.Options{Log: p.logger(cfg), Progress: p.progress()})
}

// with runs f on an opened installation, as the organisation that was named.
func (p *program) with(ctx context.Context, f func(*app.App) error) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	o, err := a.Organisation(p.organisation)
	if err != nil {
		return err
	}
	return f(o)
}

// knownSources tells whether every id is that of a source: one that is watched, or one that calls were imported from.
func knownSources(ctx context.Context, a *app.App, ids ...string) error {
	watched := map[string]bool{}
	for _, s := range a.Config.Sources() {
		watched[s.ID] = true
	}
	var unknown []string
	for _, id := range ids {
		if watched[id] {
			continue
		}
		runs, err := a.Store.Runs(ctx, id, 1)
		if err != nil {
			return err
		}
		if len(runs) == 0 {
			unknown = append(unknown, fmt.Sprintf("%q", id))
		}
	}
	if len(unknown) > 0 {
		return &app.UnknownError{What: "source", Names: unknown, See: "utkik sources"}
	}
	return nil
}

func (p *program) logger(cfg *config.Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		level = slog.LevelInfo // unreachable: the configuration was validated
	}
	options := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(p.err, options)
	if cfg.LogFormat == "json" {
		h = slog.NewJSONHandler(p.err, options)
	}
	return slog.New(h)
}

// progress gives the terminal that may show a bar, or nil when standard error is none.
func (p *program) progress() io.Writer {
	f, ok := p.err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return f
}

// printJSON writes v on one line, with the characters that people wrote.
func (p *program) printJSON(v any) error {
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
