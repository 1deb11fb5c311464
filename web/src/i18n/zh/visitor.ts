export default { title: '心理热线' }
