package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

func (p *program) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the store and the operator's files into one file, while others go on",
		Long: `Writes a new file that holds the store as it is at one moment, and the configuration, sources, plans and templates of the
operator. It may be written while "utkik serve" and others go on. The file is there whole, or not at all; "utkik restore" restores it
on SQLite and PostgreSQL alike, whatever it was taken from.

  utkik backup /backup/utkik-$(date +%F).tar.zst

It holds addresses of recipients, the keys of links in mails, and passwords that stand in the configuration's file: only its owner may read
it. Secrets that come from the environment, and the key of DKIM, are not in it. While it is written, its folder needs room for the store
twice. doc/operations.md tells how backups are tried.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				r, err := a.Backup(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if p.json {
					return p.printJSON(r)
				}
				fmt.Fprintf(p.out, "%s: %d bytes, %s\n", r.File, r.Bytes, held(r))
				return nil
			})
		},
	}
}

// held says in words what a backup holds.
func held(r app.BackupReport) string {
	rows := int64(0)
	for _, t := range r.Tables {
		rows += t.Rows
	}
	return fmt.Sprintf("%d rows in %d tables, %d files of the operator's", rows, len(r.Tables), len(r.Files)-1)
}

func (p *program) restoreCommand() *cobra.Command {
	var files string
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Restore a backup into an empty place, and compare",
		Long: `Restores what "utkik backup" wrote: the store to where the configuration says (the data folder, or the database of store.url), and the
operator's files into a folder of their own, from which you take what you need. Nothing is written over: where there is a store already,
or an index, it refuses. Everything is compared with what was written before it is used, and once more where it was restored. The index
grows again by itself.

  utkik --data /var/lib/utkik restore /backup/utkik-2026-05-13.tar.zst
  UTKIK_STORE_URL=postgres://utkik@db.example.org/utkik utkik restore /backup/utkik-2026-05-13.tar.zst

What was mailed after the backup was made is not known to it, and is told again. Keep mail.host out of the configuration until you have
looked at "utkik outbox" and "utkik digest --all".`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			r, err := app.Restore(cmd.Context(), cfg, args[0], files)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(r)
			}
			fmt.Fprintf(p.out, "%s: restored as of %s, %s\n", r.Store, r.Made.In(app.Stockholm()).Format("2006-01-02 15:04:05"), held(r))
			if r.Migrated {
				fmt.Fprintln(p.out, "its schema was older, and has been brought forward")
			} else {
				fmt.Fprintln(p.out, "every table is as in the backup")
			}
			if r.Config != "" {
				fmt.Fprintf(p.out, "the operator's files are in %s; put them in place\n", filepath.Clean(r.Config))
			}
			return nil
		},
	}
	c.Flags().StringVar(&files, "files", "", "new `folder` for the operator's files (default restored in the data folder)")
	return c
}
