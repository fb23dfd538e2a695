while snakemake --cores 2 --quiet all -- counts; do
    inotifywait -qq -e close_write words.txt
done
